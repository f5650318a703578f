/* Any lines as the words of a command line. What is refused says why; what is left over is words that were given. */
#include "fuzz.h"

#include "config/options.h"

#define WORDS 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *rest = text, *argv[WORDS + 1] = { NULL };
	char name[] = "stat", config[] = "--config=/dev/null"; /* whatever this machine's files say */
	struct err e = { 0 };
	struct options o;
	bool command;
	int argc = 0, first = 0;

	argv[argc++] = name;
	argv[argc++] = config;
	while (argc < WORDS && rest)
		argv[argc++] = strsep(&rest, "\n");
	options_init(&o);
	if (options_load(&o, SCOPE_STAT, argc, argv, &first, &command, &e) < 0) {
		if (e.text[0] == '\0' || strpbrk(e.text, "\033\n\r\b\177"))
			abort();
	} else if (first < 1 || first > argc) {
		abort();
	}
	options_free(&o);
	free(text);
	return 0;
}
