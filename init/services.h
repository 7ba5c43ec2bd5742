/* init/services.h - the processes that init starts, and their end. */
#ifndef TB_INIT_SERVICES_H
#define TB_INIT_SERVICES_H

#include "init/init.h"

/* Runs a program to its end. Its exit status; 128 and more: it could not be started or was ended by
 * a signal. */
int tb_run(char *const arguments[]);

/* What is to run from tb_services_run() on. */
void tb_services_add_agent(void);    /* enrols first where an enrolment token waits */
void tb_services_add_packages(void); /* what RUN/services lists */
void tb_services_add_shell(bool power_off_behind);

/* Starts all, then starts again what ends, after a pause that grows. Ends the system when it is
 * asked to, or s seconds from now (-1: never). */
_Noreturn void tb_services_run(int s);

#endif
