/* tests/unit/tpm_emulator.h - TPM emulators for tests: made, started on free ports of 127.0.0.1,
 * and ended with the test program, also when that dies. */
#ifndef TESTS_UNIT_TPM_EMULATOR_H
#define TESTS_UNIT_TPM_EMULATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct emulator {
    char dir[64]; /* its state; "" when it was not made */
    char tcti[64];
    uint16_t port; /* the control channel is at the next one */
    pid_t pid;     /* 0: not running */
};

extern char emulator_scratch[]; /* a directory of this run's own */
bool emulator_scratch_make(void);
void emulator_scratch_remove(void);

int emulator_run(const char *format, ...) __attribute__((format(printf, 1, 2))); /* system(3) */
/* Files in the scratch directory; 0 bytes when there is none. */
size_t emulator_read_file(const char *name, uint8_t *out, size_t room);
void emulator_write_file(const char *name, const void *p, size_t n);
void emulator_pause_ms(long ms);

/* swtpm_setup with these options, its state in a new directory of this name in scratch. */
void emulator_make(struct emulator *e, const char *name, const char *options);
void emulator_start(struct emulator *e, bool v2);
void emulator_stop(struct emulator *e);
void emulator_restart(struct emulator *e); /* a TPM 2.0, power-cycled */

#endif
