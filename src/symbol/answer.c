/* From a question to its answer. */
#include "symbol/answer.h"

#include "base/alloc.h"
#include "base/str.h"
#include "symbol/kernel.h"

#include <stdlib.h>
#include <string.h>

static struct symbol_result *result_new(const struct question *q, size_t count)
{
	struct symbol_result *r = xcalloc(1, sizeof *r + count * sizeof r->names[0]);

	r->key = q->key;
	r->count = count;
	return r;
}

/* Of a stack that was walked already: of a return address the byte before. */
static size_t list_frames(const struct question *q, uint64_t pcs[SYMBOL_FRAMES])
{
	size_t n;

	for (n = 0; n < SYMBOL_FRAMES && n < q->size / sizeof *q->copy; n++)
		pcs[n] = q->copy[n] - (n > 0);
	return n;
}

static struct symbol_result *answer_stack(struct symbols *s, const struct question *q)
{
	struct symbol_unwound how = { .count = 0 };
	uint64_t pcs[SYMBOL_FRAMES] = { 0 };
	struct symbol_result *r;

	if (q->unwind)
		symbols_unwind(s, &q->regs, (const uint8_t *)q->copy, q->size, q->base, pcs, SYMBOL_FRAMES, &how);
	else
		how.count = list_frames(q, pcs);
	r = result_new(q, how.count);
	r->unwound = how;
	for (size_t i = 0; i < r->count; i++)
		symbols_name(s, pcs[i], &r->names[i]);
	return r;
}

static struct symbol_result *answer_address(struct symbols *s, const struct question *q)
{
	struct symbol_result *r = result_new(q, 1);
	struct err e = { .code = 0 };

	symbols_name(s, q->key.id, &r->names[0]);
	if (q->key.ask == SYMBOL_ASK_LINE)
		r->has_line = symbols_line(s, q->key.id, &r->line, &e) == 0;
	str_copy(r->why, sizeof r->why, e.text);
	return r;
}

static struct symbol_result *answer_unknown(const struct question *q)
{
	static const char why[] = "the process is not known: it has ended";
	struct symbol_result *r = result_new(q, q->key.ask != SYMBOL_ASK_STACK);

	if (r->count)
		r->names[0] = (struct symbol_name){ .kind = SYMBOL_UNKNOWN, .address = q->key.id, .why = why };
	str_copy(r->why, sizeof r->why, why);
	str_copy(r->unwound.why, sizeof r->unwound.why, why);
	return r;
}

struct symbol_result *answer_process(struct symbols *s, const struct question *q)
{
	return !s ? answer_unknown(q) : q->key.ask == SYMBOL_ASK_STACK ? answer_stack(s, q) : answer_address(s, q);
}

static size_t list_kernel(const struct question *q, uint64_t addresses[SYMBOL_FRAMES])
{
	if (q->key.ask == SYMBOL_ASK_STACK)
		return q->unwind ? 0 : list_frames(q, addresses);
	addresses[0] = q->key.id;
	return 1;
}

size_t answer_kernel_weight(const struct question *q)
{
	uint64_t addresses[SYMBOL_FRAMES];
	size_t n = list_kernel(q, addresses);

	return n ? n : 1;
}

void answer_kernel(const struct question *list, struct symbol_result **results)
{
	struct symbol_name *names = xcalloc(ANSWER_KERNEL, sizeof *names), *next = names;
	uint64_t addresses[ANSWER_KERNEL];
	size_t n = 0;

	for (const struct question *q = list; q; q = q->next)
		n += list_kernel(q, addresses + n);
	kernel_names(addresses, n, names);
	for (const struct question *q = list; q; q = q->next, results++) {
		*results = result_new(q, list_kernel(q, addresses));
		memcpy((*results)->names, next, (*results)->count * sizeof *next);
		next += (*results)->count;
		if (q->key.ask == SYMBOL_ASK_LINE)
			str_copy((*results)->why, sizeof (*results)->why, "lines of the kernel are not looked for");
	}
	free(names);
}
