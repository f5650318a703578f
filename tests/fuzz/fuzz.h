/* What a fuzzer is: one function that takes any bytes and returns 0. libFuzzer calls it, and so does replay.c. */
#ifndef TACH_TESTS_FUZZ_H
#define TACH_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input as a text of its own allocation, so that a read past its end is seen; free() frees it. */
static inline char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		abort();
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

#endif
