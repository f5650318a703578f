/* Any bytes as the formula of a derived metric. */
#include "fuzz.h"

#include "model/derive.h"

#include <math.h>

static struct point input(const void *context, int function, metric_id id, const char *name)
{
	const struct registry *r = context;

	if (function < FORMULA_VALUE || (id != METRIC_NONE && id >= registry_count(r)))
		abort();
	return strlen(name) > 8 ? point_missing(POINT_ABSENT, "none") : point_of((double)strlen(name) - 3);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct metric row = { "cpu.user_seconds", "usr", "", METRIC_COUNTER, UNIT_SECONDS, NULL };
	char *text = fuzz_text(data, size);
	struct registry *r = registry_new();
	struct err e = { 0 };
	struct formula *f = formula_parse(text, &e);

	registry_add(r, &row);
	if (f) {
		struct formula_inputs in = { input, r };
		struct point p;

		formula_bind(f, r);
		p = formula_evaluate(f, &in);
		if (point_has_value(p) != (isfinite(p.value) != 0))
			abort();
		for (size_t i = 0; formula_name(f, i); i++)
			;
	} else if (e.text[0] == '\0') {
		abort(); /* a refusal says why */
	}
	formula_free(f);
	registry_free(r);
	free(text);
	return 0;
}
