/* tests/unit/bootfacts_world.h - a boot log, and what is read from it. */
#ifndef TB_TESTS_BOOTFACTS_WORLD_H
#define TB_TESTS_BOOTFACTS_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/bootfacts.h"
#include "tests/unit/log_builder.h"

#define CONFIG TB_EV_EFI_VARIABLE_DRIVER_CONFIG
#define AUTHORITY TB_EV_EFI_VARIABLE_AUTHORITY

/* New for each test. */
extern struct log_builder *b;
extern struct tb_hasher *h;
extern struct tb_boot_facts facts;
extern struct tb_findings f;
extern struct tb_pcr_states states;

int set_up(void **state);
int tear_down(void **state);
void read_in(enum tb_bank bank);
void read_facts(void);
void good(void);
struct log_item *var(const char *name);
bool has_reason(enum tb_check check, const char *observed);
void print_findings(void);
void assert_found(enum tb_check check, enum tb_outcome outcome);
void assert_still_on(void);
void set_variable(const char *name, const uint8_t guid[16], struct tb_reader data);
struct log_item *add_early(const char *name, const uint8_t guid[16], struct tb_reader data);

#endif
