/* Any bytes as an ELF file: its headers, its symbols, and the unwind tables that are copied out of it. */
#include "fuzz.h"

#include "symbol/image.h"

#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct images all = { .limit = 1 << 20 };
	int fd = memfd_create("elf", MFD_CLOEXEC);
	static struct index_hit hit;
	struct image *i;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	i = image_get(&all, fd, -1, "");
	for (uint64_t at = 0; at < 0x4000; at += 0x31)
		if (index_find(&i->index, at, &hit) && strnlen(hit.name, sizeof hit.name) == sizeof hit.name)
			abort();
	if (image_unwind_file(&all, i) && i->unwind_size > size + 4096)
		abort();
	image_release(i);
	all.limit = 0;
	images_trim(&all, NULL, 0);
	if (all.bytes)
		abort();
	images_free(&all);
	return 0;
}
