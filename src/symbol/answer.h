/* Questions of the worker and how they are answered; knows nothing of threads and queues. */
#ifndef TACH_SYMBOL_ANSWER_H
#define TACH_SYMBOL_ANSWER_H

#include "symbol/worker.h"

struct question {
	struct question *next;
	struct symbol_key key;
	struct symbol_regs regs;
	bool unwind;
	uint64_t base;
	size_t size;          /* bytes of the stack; or of addresses, walked already */
	uint64_t copy[];
};

/* s NULL: the process is not known. The caller frees the result. */
struct symbol_result *answer_process(struct symbols *s, const struct question *q);

#define ANSWER_KERNEL 128u /* addresses of one pass; a question has at most SYMBOL_FRAMES */

/* What a question about the kernel takes of that: its addresses, at least 1. */
size_t answer_kernel_weight(const struct question *q);

/* Answers a list of questions, with no more than ANSWER_KERNEL addresses, in one pass over the kernel's names. */
void answer_kernel(const struct question *list, struct symbol_result **results);

#endif
