/* Any bytes as a config file. What is refused says why; what is taken stays in its range. */
#include "fuzz.h"

#include "config/options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct err e = { 0 };
	struct options o;

	options_init(&o);
	if (options_read_text(&o, "config", text, &e) < 0 && e.text[0] == '\0')
		abort();
	if (o.interval < 10 * NSEC_PER_MSEC || o.interval > 3600 * NSEC_PER_SEC)
		abort();
	options_free(&o);
	free(text);
	return 0;
}
