/* Any bytes as a perf map, in a file that grows by pieces: what is found covers the address that was asked for. */
#include "fuzz.h"

#include "symbol/perfmap.h"

#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("perfmap", MFD_CLOEXEC);
	size_t cut = size ? data[0] * size / 256 : 0;
	uint64_t address = 0, offset;
	struct perfmap map;
	char name[16];

	if (fd < 0)
		abort();
	perfmap_init(&map);
	if (write(fd, data, cut) != (ssize_t)cut)
		abort();
	perfmap_read(&map, dup(fd));
	perfmap_find(&map, 0x1000, name, sizeof name, &offset);
	if (write(fd, data + cut, size - cut) != (ssize_t)(size - cut))
		abort();
	perfmap_read(&map, dup(fd));
	for (size_t i = 0; i < 64; i++, address = address * 31 + 0x7f0040) {
		bool found = perfmap_find(&map, address, name, sizeof name, &offset);

		if (found && (offset > address || offset > UINT32_MAX || strnlen(name, sizeof name) == sizeof name))
			abort();
	}
	perfmap_free(&map);
	close(fd);
	return 0;
}
