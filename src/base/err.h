/* How a failure travels: filled as one sentence where it is understood, printed only by cmd and ui. */
#ifndef TACH_BASE_ERR_H
#define TACH_BASE_ERR_H

struct err {
	int code;       /* errno value, or 0 where there is none */
	char text[240]; /* one sentence, no newline, no control characters from outside */
};

/* Fills e (which may be NULL) and returns -1, so that a function can `return err_set(...)`. */
int err_set(struct err *e, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* "unknown KIND 'WORD'", and with a nearest valid name (str_nearest(), or NULL) "; did you mean 'NEAREST'?". */
int err_unknown(struct err *e, const char *kind, const char *word, const char *nearest);

/* For the impossible (out of memory, a broken invariant): restores the terminal, prints, exits with status 1. */
_Noreturn void fatal(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Registers what puts the terminal back before fatal() prints; async-signal-safe, NULL takes it away. */
void fatal_set_restore(void (*restore)(void));

/* Runs the registered restore function, if any. */
void fatal_restore(void);

#endif
