/* Programs that a test starts, reads line by line and ends by pid. Whatever still runs at child_free() is killed. */
#ifndef TACH_TESTS_LIB_CHILD_H
#define TACH_TESTS_LIB_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct child;

/* Whole paths, which stay where they are: the tach under test ($BUILD/tach), and tests/e2e/subject.c, waits.c and serve.c,
 * made to be watched. */
const char *child_tach(void);
const char *child_subject(void);
const char *child_waits(void);
const char *child_serve(void);

/* Looked up in PATH; stdin is /dev/null, stdout and stderr are read below. "NAME=value" in front of the command is for its
 * environment. It dies with the test. NULL-ended. */
struct child *child_start(const char *const argv[]);
void child_free(struct child *c); /* NULL is fine */

pid_t child_pid(const struct child *c);
const char *child_line(struct child *c, int ms);      /* the next line without its newline; NULL: none came, or the end */
bool child_expect(struct child *c, const char *text, int ms); /* reads lines until one holds the text */
bool child_wait(struct child *c, int ms, int *status); /* throws away what it still says; status as a shell has it */
const char *child_rest(struct child *c, int ms);      /* all that is still said until it ends */

bool have_program(const char *name); /* in PATH */

/* A number from a text file of the kernel: what follows `key` (with its colon) in /proc/PID/status and its like; -1: not
 * there. */
long long proc_number(pid_t pid, const char *file, const char *key);
long long proc_sum(pid_t pid, const char *file, const char *key); /* over /proc/PID/task/TID/file */

#endif
