/* Any bytes as a name from outside: cleaned and drawn, no control character is left of it, and what is printed is UTF-8. */
#include "fuzz.h"

#include "base/str.h"
#include "ui/canvas.h"

static void check_text(const char *text, int newlines)
{
	size_t length = strlen(text), n;

	for (size_t i = 0; i < length; i += n) {
		uint32_t c;

		n = str_utf8(text + i, length - i, &c);
		if (n == 0 || (c < 0x20 && !(newlines && c == '\n')) || (c >= 0x7f && c < 0xa0))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), clean[64], *printed;
	struct canvas *c = canvas_new(3, 20);

	str_clean(clean, sizeof clean, text, size);
	check_text(clean, 0);
	canvas_write(c, 0, (int)(size % 24) - 2, -1, ROLE_TEXT, text); /* not cleaned: the canvas holds by itself */
	canvas_right(c, 1, 4, 10, ROLE_TEXT, text);
	if (canvas_write(c, 2, 0, 7, ROLE_TEXT, clean) > 7)
		abort();
	printed = canvas_print(c);
	check_text(printed, 1);
	free(printed);
	canvas_free(c);
	free(text);
	return 0;
}
