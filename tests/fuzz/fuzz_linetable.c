/* Any bytes as units of .debug_line: what is found points into the unit. */
#include "fuzz.h"

#include "symbol/linetable.h"

#include <elf.h>

static void check_text(const struct linetable_text *t, const uint8_t *unit, uint64_t size)
{
	const uint8_t *text = (const uint8_t *)t->text;

	if (t->place == LINETABLE_HERE && (text < unit || text >= unit + size || !memchr(text, '\0', (size_t)(unit + size - text))))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_file f = { .nsegments = 1, .segments = { { .memsz = UINT64_MAX, .flags = PF_X } } };
	struct linetable_hit hit;
	uint64_t unit;

	for (size_t at = 0; (unit = linetable_size(data + at, size - at)); at += unit) {
		if (unit > size - at)
			abort();
		for (uint64_t address = 0x1000; address < 0x2000; address += 0x123) {
			if (!linetable_find(data + at, unit, &f, address, &hit))
				continue;
			check_text(&hit.file, data + at, unit);
			check_text(&hit.directory, data + at, unit);
		}
	}
	return 0;
}
