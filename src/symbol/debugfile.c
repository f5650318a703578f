/* Looking for separate debug files (GDB manual, "Debugging Information in Separate Files"). */
#include "symbol/debugfile.h"

#include "base/alloc.h"
#include "symbol/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_SIZE 4352
#define CRC_MOST (1ull << 30) /* a larger file's checksum is not worth the reading */

struct wanted {
	const struct elf_file *file;
	char name[256];  /* of the debug link; "" where there is none */
	uint32_t crc;
};

uint32_t debugfile_crc(uint32_t crc, const uint8_t *data, size_t size)
{
	uint32_t table[256];

	for (uint32_t i = 0; i < 256; i++) {
		uint32_t v = i;

		for (int bit = 0; bit < 8; bit++)
			v = v & 1 ? v >> 1 ^ 0xedb88320u : v >> 1;
		table[i] = v;
	}
	crc = ~crc;
	for (size_t i = 0; i < size; i++)
		crc = table[(crc ^ data[i]) & 0xff] ^ crc >> 8;
	return ~crc;
}

static bool has_checksum(int fd, uint64_t size, uint32_t wanted)
{
	enum { CHUNK = 1 << 17 };
	uint8_t *buf;
	uint32_t crc = 0;
	bool whole = size <= CRC_MOST;

	if (!whole)
		return false;
	buf = xcalloc(1, CHUNK);
	for (uint64_t at = 0; whole && at < size; at += CHUNK) {
		size_t n = size - at < CHUNK ? (size_t)(size - at) : CHUNK;

		whole = elf_read_at(fd, buf, n, at);
		crc = whole ? debugfile_crc(crc, buf, n) : 0;
	}
	free(buf);
	return whole && crc == wanted;
}

static bool is_it(const struct wanted *w, int fd, struct elf_file *debug)
{
	if (elf_file_read(debug, fd))
		return false;
	if (w->file->build_id_length)
		return debug->build_id_length == w->file->build_id_length &&
			memcmp(debug->build_id, w->file->build_id, debug->build_id_length) == 0;
	return has_checksum(fd, debug->size, w->crc);
}

static int try(const struct wanted *w, int root, const char *path, struct elf_file *debug)
{
	int fd = place_open(root, path);

	if (fd >= 0 && is_it(w, fd, debug))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static int try_build_id(const struct wanted *w, int root, struct elf_file *debug)
{
	static const char place[] = "/usr/lib/debug/.build-id/";
	char path[sizeof place + 2 * ELF_BUILD_ID + 16];
	size_t n = (size_t)snprintf(path, sizeof path, "%s", place);

	if (w->file->build_id_length < 2)
		return -1;
	for (size_t i = 0; i < w->file->build_id_length; i++)
		n += (size_t)snprintf(path + n, sizeof path - n, i == 0 ? "%02x/" : "%02x", w->file->build_id[i]);
	snprintf(path + n, sizeof path - n, ".debug");
	return try(w, root, path, debug);
}

static int try_link(const struct wanted *w, int root, const char *of, struct elf_file *debug)
{
	static const char *const places[][2] = { { "", "/" }, { "", "/.debug/" }, { "/usr/lib/debug", "/" } };
	const char *slash = strrchr(of, '/');
	char path[PATH_SIZE];
	int fd = -1;

	if (!w->name[0] || !slash)
		return -1;
	for (size_t i = 0; i < sizeof places / sizeof *places && fd < 0; i++) {
		int n = snprintf(path, sizeof path, "%s%.*s%s%s", places[i][0], (int)(slash - of), of, places[i][1], w->name);

		if (n > 0 && (size_t)n < sizeof path && strcmp(path, of) != 0)
			fd = try(w, root, path, debug);
	}
	return fd;
}

/* A name, NUL, padding to four bytes, then the checksum of the file of that name. */
static void read_link(struct wanted *w, int fd)
{
	const struct elf_part *part = &w->file->debuglink;
	char buf[sizeof w->name + 8] = "";
	size_t length;

	if (!part->size || part->size > sizeof buf || !elf_read_at(fd, buf, part->size, part->offset))
		return;
	length = strnlen(buf, part->size);
	if (length >= sizeof w->name || ((length + 4) & ~3u) + 4 > part->size || strchr(buf, '/'))
		return;
	memcpy(&w->crc, buf + ((length + 4) & ~3u), sizeof w->crc);
	memcpy(w->name, buf, length + 1);
}

int debugfile_open(const struct elf_file *f, int fd, int root, const char *path, struct elf_file *debug)
{
	int own = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), found;
	struct wanted w = { .file = f };

	read_link(&w, fd);
	found = try_build_id(&w, root, debug);
	if (found < 0)
		found = try_link(&w, root, path, debug);
	if (found < 0 && own >= 0)
		found = try_build_id(&w, own, debug);
	if (found < 0 && own >= 0)
		found = try_link(&w, own, path, debug);
	if (own >= 0)
		close(own);
	return found;
}
