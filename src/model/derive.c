/* The formula language: a recursive-descent parser to reverse Polish, and its evaluation over points. */
#include "model/derive.h"

#include "base/alloc.h"
#include "base/str.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMULA_OPS 64   /* longest formula */
#define FORMULA_DEPTH 16 /* deepest stack and nesting */

struct op {
	char kind; /* one of "+-*" "/", 'n' a number, 'm' a metric */
	double number;
	int function; /* enum formula_function */
	char *name;
	metric_id id;
};

struct formula {
	struct op ops[FORMULA_OPS];
	size_t count;
};

struct parser {
	const char *text, *at;
	struct formula *f;
	struct err *e;
	int depth;
};

const struct histogram_figure histogram_figures[] = {
	{ "p50", "p50", 0.5, "Half of the operations are faster than this: what is usual." },
	{ "p90", "p90", 0.9, "One operation in ten is slower than this." },
	{ "p99", "p99", 0.99, "One operation in a hundred is slower: what a page of many requests feels." },
	{ "p999", "p99.9", 0.999, "One in a thousand is slower: queues, pauses and retries show here first." },
	{ "max", "max", 1, "The slowest operation of the interval." },
	{ "mean", "mean", -1, "Sum by count; hides the tail, so never tune by it alone." },
	{ NULL, NULL, 0, NULL },
};

const struct histogram_figure *histogram_figure_find(const char *name)
{
	const struct histogram_figure *f = histogram_figures;

	while (f->name && strcmp(f->name, name) != 0)
		f++;
	return f;
}

#define EVENTS_BEYOND 10

double histogram_figure_value(const struct histogram_figure *figure, const struct hist *h)
{
	double beyond = (double)hist_count(h) * (1 - figure->quantile);

	if (figure->quantile < 0)
		return hist_mean(h);
	if (figure->quantile < 1 && beyond < EVENTS_BEYOND - 1e-6) /* 100 * (1 - 0.9) is a little less than 10 */
		return (double)NAN;
	return hist_percentile(h, figure->quantile);
}

static int fail(struct parser *p, const char *what)
{
	return err_set(p->e, 0, "%s at column %d of '%.80s'", what, (int)(p->at - p->text) + 1, p->text);
}

static struct op *emit(struct parser *p, char kind)
{
	struct op *op;

	if (p->f->count == FORMULA_OPS) {
		fail(p, "formula too long");
		return NULL;
	}
	op = &p->f->ops[p->f->count++];
	*op = (struct op){ .kind = kind, .id = METRIC_NONE };
	return op;
}

static void skip_blanks(struct parser *p)
{
	while (*p->at == ' ')
		p->at++;
}

static size_t name_length(const char *at)
{
	size_t n = 0;

	while (islower((unsigned char)at[n]) || isdigit((unsigned char)at[n]) || at[n] == '_' || at[n] == '.')
		n++;
	return n;
}

static int function_find(const char *name, size_t length)
{
	if (length == 4 && !strncmp(name, "rate", 4))
		return FORMULA_RATE;
	if (length == 6 && !strncmp(name, "growth", 6))
		return FORMULA_GROWTH;
	for (int i = 0; histogram_figures[i].name; i++)
		if (strlen(histogram_figures[i].name) == length && !strncmp(histogram_figures[i].name, name, length))
			return FORMULA_FIGURE + i;
	return -1;
}

/* name | function(name) */
static int parse_metric(struct parser *p)
{
	size_t n = name_length(p->at);
	int function = FORMULA_VALUE;
	struct op *op;

	if (p->at[n] == '(') {
		function = function_find(p->at, n);
		if (function < 0)
			return fail(p, "unknown function");
		p->at += n + 1;
		n = name_length(p->at);
		if (!n || !islower((unsigned char)*p->at) || p->at[n] != ')')
			return fail(p, "a function takes one metric name");
	}
	op = emit(p, 'm');
	if (!op)
		return -1;
	op->name = xstrndup(p->at, n);
	op->function = function;
	p->at += n + (function != FORMULA_VALUE);
	return 0;
}

static int parse_sum(struct parser *p);

static int parse_primary(struct parser *p)
{
	skip_blanks(p);
	if (*p->at == '(') {
		p->at++;
		if (++p->depth > FORMULA_DEPTH / 2)
			return fail(p, "nested too deeply");
		if (parse_sum(p))
			return -1;
		p->depth--;
		if (*p->at != ')')
			return fail(p, "')' expected");
		p->at++;
		return 0;
	}
	if (isdigit((unsigned char)*p->at)) {
		struct op *op = emit(p, 'n');
		char *end;

		if (!op)
			return -1;
		op->number = strtod(p->at, &end);
		if (!isfinite(op->number))
			return fail(p, "a smaller number expected");
		p->at = end;
		return 0;
	}
	if (islower((unsigned char)*p->at))
		return parse_metric(p);
	return fail(p, "a number, a metric or '(' expected");
}

/* A chain of operands joined by left-associative operators of one rank. */
static int parse_chain(struct parser *p, const char *operators, int (*operand)(struct parser *))
{
	if (operand(p))
		return -1;
	for (;;) {
		char kind;

		skip_blanks(p);
		kind = *p->at;
		if (!kind || !strchr(operators, kind))
			return 0;
		p->at++;
		if (operand(p) || !emit(p, kind))
			return -1;
	}
}

static int parse_product(struct parser *p)
{
	return parse_chain(p, "*/", parse_primary);
}

static int parse_sum(struct parser *p)
{
	return parse_chain(p, "+-", parse_product);
}

struct formula *formula_parse(const char *text, struct err *e)
{
	struct formula *f = xcalloc(1, sizeof *f);
	struct parser p = { .text = text, .at = text, .f = f, .e = e };

	if (parse_sum(&p) == 0) {
		if (!*p.at)
			return f;
		fail(&p, "unexpected character");
	}
	formula_free(f);
	return NULL;
}

void formula_free(struct formula *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->count; i++)
		free(f->ops[i].name);
	free(f);
}

void formula_bind(struct formula *f, const struct registry *r)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->ops[i].kind == 'm')
			f->ops[i].id = registry_find(r, f->ops[i].name);
}

const char *formula_name(const struct formula *f, size_t i)
{
	for (size_t k = 0; k < f->count; k++)
		if (f->ops[k].kind == 'm' && i-- == 0)
			return f->ops[k].name;
	return NULL;
}

/* What is missing stays missing: the reason of an input becomes the reason of the result. */
static struct point combine(struct point a, struct point b, char sign)
{
	struct point out = a;

	if (a.state == POINT_DENIED || a.state == POINT_ABSENT)
		return a;
	if (b.state == POINT_DENIED || b.state == POINT_ABSENT)
		return b;
	if (a.state == POINT_GAP || b.state == POINT_GAP || (sign == '/' && b.value == 0))
		return point_missing(POINT_GAP, NULL);
	if (sign == '+')
		out.value = a.value + b.value;
	else if (sign == '-')
		out.value = a.value - b.value;
	else
		out.value = sign == '*' ? a.value * b.value : a.value / b.value;
	out.coverage = a.coverage < b.coverage ? a.coverage : b.coverage;
	out.state = a.state > b.state ? a.state : b.state; /* OK < SCALED < PARTIAL */
	if (!isfinite(out.value))
		return point_missing(POINT_GAP, NULL);
	return out;
}

struct point formula_evaluate(const struct formula *f, const struct formula_inputs *in)
{
	struct point stack[FORMULA_OPS];
	size_t top = 0;

	for (size_t i = 0; i < f->count; i++) {
		const struct op *op = &f->ops[i];

		if (op->kind == 'n')
			stack[top++] = point_of(op->number);
		else if (op->kind == 'm')
			stack[top++] = in->get(in->context, op->function, op->id, op->name);
		else {
			top--;
			stack[top - 1] = combine(stack[top - 1], stack[top], op->kind);
		}
	}
	return stack[0];
}
