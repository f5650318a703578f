/* What a program that ends by itself said on stdout and on stderr, each for itself, and its status. */
#ifndef TACH_TESTS_LIB_OUTCOME_H
#define TACH_TESTS_LIB_OUTCOME_H

#include <stddef.h>
#include <sys/types.h>

struct outcome {
	int status; /* as a shell has it; -1: it did not end in time and was killed */
	char *out, *err;
	size_t out_size, err_size;
};

/* Runs tach (child_tach()) with these words, NULL-ended; stdin is /dev/null. env has "NAME=value" to set, NULL-ended, or
 * NULL. XDG_CONFIG_HOME points nowhere unless env says otherwise. Ten seconds at most. */
struct outcome outcome_of(const char *const words[], const char *const env[]);

/* The same with a signal after so many milliseconds. */
struct outcome outcome_of_signal(const char *const words[], int signal, int ms);

void outcome_free(struct outcome *o);

#endif
