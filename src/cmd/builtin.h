/* The built-in workloads as commands that tach starts: their words checked before, their help, their command line. */
#ifndef TACH_CMD_BUILTIN_H
#define TACH_CMD_BUILTIN_H

/* Whether there is such a workload, this build can run it, and it takes these words. Returns 0, or the exit status
 * after the reason was printed. */
int builtin_check(const char *name, int count, char **words);

/* What it does and its options, to stdout; the name must be a workload's. */
void builtin_help(const char *name);

/* The command line that runs it alone, ended with tach: this program, its words behind. NULL-ended. */
char **builtin_command(const char *name, int count, char **words);
void builtin_command_free(char **argv);

#endif
