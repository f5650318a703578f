/* Any bytes as what a terminal sends. Decoding goes forward, ends, and names what it finds. */
#include "fuzz.h"

#include "ui/input.h"
#include "ui/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), name[UI_KEY_NAME_SIZE];
	size_t at = 0;

	while (at < size) {
		ui_key key = UI_KEY_NONE, back;
		size_t n = input_decode(text + at, size - at, false, &key);

		if (n == 0)
			n = input_decode(text + at, size - at, true, &key);
		if (n == 0 || n > size - at)
			abort();
		if (key != UI_KEY_NONE && *key_print(name, key) && (!key_parse(name, &back) || back != key))
			abort();
		at += n;
	}
	free(text);
	return 0;
}
