/* Any bytes as a keys file over the defaults. What is refused says why and changes nothing; every key that is bound has
 * a name that reads back as the same key. */
#include "fuzz.h"

#include "ui/keymap.h"

static void check_names(const struct keymap *k, enum action a)
{
	char keys[256], *rest = keys, *name;
	ui_key key;

	keymap_keys(k, NULL, a, keys, sizeof keys);
	while ((name = strsep(&rest, " ")))
		if (*name && rest && (!key_parse(name, &key) || keymap_lookup(k, NULL, key) != a))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct keymap *k = keymap_new();
	struct err e = { 0 };

	if (keymap_read_text(k, "keys", text, &e) < 0 && e.text[0] == '\0')
		abort();
	for (int a = ACTION_NONE + 1; a < ACTION_COUNT; a++)
		check_names(k, (enum action)a);
	keymap_free(k);
	free(text);
	return 0;
}
