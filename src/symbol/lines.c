/*
 * Lines by the line tables alone, unit by unit. The libraries for debug information follow it to whatever other files it
 * names, as root, and take as much memory as it asks for. What is read here is bounded: a window of a section, or one
 * that is unpacked.
 */
#include "symbol/lines.h"

#include "base/alloc.h"
#include "base/str.h"
#include "symbol/image.h"
#include "symbol/linetable.h"
#include "symbol/unpack.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW (4u << 20)   /* bytes that are read at once; a longer unit is passed over */
#define MOST (512u << 20)   /* bytes of a line table that are looked through */
#define MOST_TEXT 4096u

struct section {
	int fd;
	struct elf_part part;
	uint8_t *bytes;         /* all of it when it was compressed; else a window of it */
	uint64_t size, from, have;
};

static int section_open(struct section *s, int fd, const struct elf_part *part, struct err *e)
{
	const char *why = NULL;

	*s = (struct section){ .fd = fd, .part = *part, .size = part->size };
	if (!part->compressed)
		return 0;
	s->bytes = unpack_section(fd, part, &s->size, &why);
	s->have = s->size;
	return s->bytes ? 0 : err_set(e, 0, "its debug information %s", why);
}

static void section_close(struct section *s)
{
	free(s->bytes);
}

/* Bytes from `at` on, at most WINDOW of them, as many as in *have; NULL: they cannot be read. */
static const uint8_t *section_at(struct section *s, uint64_t at, uint64_t wanted, uint64_t *have)
{
	uint64_t left = at < s->size ? s->size - at : 0;

	wanted = wanted < left ? wanted : left;
	if (at < s->from || at + wanted > s->from + s->have) {
		if (!s->bytes)
			s->bytes = xcalloc(1, s->size < WINDOW ? (size_t)s->size : WINDOW);
		s->from = at;
		s->have = left < WINDOW ? left : WINDOW;
		if (!elf_read_at(s->fd, s->bytes, (size_t)s->have, s->part.offset + at)) {
			s->have = 0;
			return NULL;
		}
	}
	*have = s->from + s->have - at;
	return s->bytes + (at - s->from);
}

/* Where the line table is: in the file itself or in its debug file. */
static const struct elf_file *choose_file(struct image *i, int root, const char *path, int *fd, struct err *e)
{
	const struct elf_file *f = &i->elf;

	*fd = i->fd;
	if (!f->debug_line.size && image_seek_debug(i, root, path)) {
		f = &i->debug;
		*fd = i->debug_fd;
	}
	if (f->debug_line.size && f->debug_line.size <= MOST)
		return f;
	err_set(e, 0, f->debug_line.size ? "its debug information is too large" :
		"no debug information: build with -g, or install its debug package");
	return NULL;
}

/* The unit that *hit points into stays where it is until the next call. */
static int find_row(struct section *lines, const struct elf_file *f, uint64_t vaddr, struct linetable_hit *hit, struct err *e)
{
	bool passed = false;
	uint64_t have, size;

	for (uint64_t at = 0; at < lines->size; at += size) {
		const uint8_t *unit = section_at(lines, at, LINETABLE_HEAD, &have);

		size = unit ? linetable_size(unit, lines->size - at) : 0;
		if (!size)
			break;
		passed = passed || size > WINDOW;
		if (size > WINDOW || size == 4) /* 4: padding */
			continue;
		unit = section_at(lines, at, size, &have);
		if (!unit)
			break;
		if (linetable_find(unit, (size_t)size, f, vaddr, hit))
			return 0;
	}
	return err_set(e, 0, passed ? "parts of its debug information are too large, and the others have no line for this address" :
		"its debug information has no line for this address");
}

/* "" where there is none. */
static void read_text(const struct linetable_text *t, const struct elf_file *f, int fd, char text[MOST_TEXT])
{
	const struct elf_part *part = t->place == LINETABLE_LINE_STR ? &f->debug_line_str : &f->debug_str;
	const uint8_t *bytes = NULL;
	struct err ignored = { .code = 0 };
	struct section s;
	uint64_t have = 0;

	text[0] = '\0';
	if (t->place == LINETABLE_HERE)
		str_copy(text, MOST_TEXT, t->text);
	if (t->place != LINETABLE_LINE_STR && t->place != LINETABLE_STR)
		return;
	if (section_open(&s, fd, part, &ignored) == 0 && t->offset < s.size)
		bytes = section_at(&s, t->offset, MOST_TEXT - 1, &have);
	if (bytes) {
		have = have < MOST_TEXT - 1 ? have : MOST_TEXT - 1;
		memcpy(text, bytes, (size_t)have);
		text[have] = '\0';
	}
	section_close(&s);
}

static int name_file(const struct linetable_hit *hit, const struct elf_file *f, int fd, struct symbol_line *out,
	struct err *e)
{
	char text[2 * MOST_TEXT], file[MOST_TEXT];
	size_t length;

	read_text(&hit->file, f, fd, file);
	if (!file[0])
		return err_set(e, 0, "its debug information does not name the file");
	read_text(&hit->directory, f, fd, text);
	length = file[0] == '/' ? 0 : strlen(text);
	if (length)
		text[length++] = '/';
	str_copy(text + length, sizeof text - length, file);
	length = strlen(text);
	str_clean(out->file, sizeof out->file, length < sizeof out->file ? text : text + length - (sizeof out->file - 1),
		length < sizeof out->file ? length : sizeof out->file - 1);
	return 0;
}

int lines_find(struct image *i, int root, const char *path, uint64_t vaddr, struct symbol_line *out, struct err *e)
{
	struct linetable_hit hit = { .line = 0 };
	struct section lines;
	int fd, rc;
	const struct elf_file *f = choose_file(i, root, path, &fd, e);

	if (!f || section_open(&lines, fd, &f->debug_line, e))
		return -1;
	rc = find_row(&lines, &i->elf, vaddr, &hit, e);
	if (rc == 0 && !hit.line)
		rc = err_set(e, 0, "the compiler made this place itself: it has no line");
	out->line = rc == 0 ? hit.line : 0;
	if (rc == 0)
		rc = name_file(&hit, f, fd, out, e);
	section_close(&lines);
	return rc;
}
