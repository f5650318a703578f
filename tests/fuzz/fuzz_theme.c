/* Any bytes as a theme file. What is refused says why and leaves the theme as it was; what is taken can be drawn. */
#include "fuzz.h"

#include "ui/theme.h"

static void check_glyphs(const struct theme_glyphs *g)
{
	for (size_t i = 0; i < THEME_BARS; i++)
		if (g->bars[i] < 0x20)
			abort();
	for (size_t i = 0; i < THEME_HEATS; i++)
		if (g->heats[i] < 0x20)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct theme before, t;
	struct err e = { 0 };

	memset(&before, 0, sizeof before); /* padding too: it is compared as bytes */
	theme_default(&before);
	memcpy(&t, &before, sizeof t);
	if (theme_read_text(&t, "theme", text, &e) < 0 && (e.text[0] == '\0' || memcmp(&t, &before, sizeof t) != 0))
		abort();
	check_glyphs(&t.glyphs);
	theme_ascii(&t);
	check_glyphs(&t.glyphs);
	free(text);
	return 0;
}
