/* Running a unit's line program up to the row that covers an address. */
#include "symbol/linetable.h"

#include <elf.h>
#include <string.h>

/* What is left to read; beyond the end everything is 0, and bad. */
struct cursor {
	const uint8_t *at, *end;
	bool bad;
};

struct unit {
	unsigned version;
	bool wide;                /* offsets have 8 bytes */
	unsigned step, range, first_special;
	int base;
	const uint8_t *operands;  /* of each standard opcode, how many */
	struct cursor names, program;
};

struct row {
	uint64_t address, file;
	uint32_t line;
};

static uint64_t take(struct cursor *c, size_t bytes)
{
	uint64_t v = 0;

	if ((size_t)(c->end - c->at) < bytes) {
		c->at = c->end;
		c->bad = true;
		return 0;
	}
	for (size_t i = 0; i < bytes && i < 8; i++) {
		static const uint16_t order = 1;
		size_t shift = *(const char *)&order ? i : bytes - 1 - i;

		v |= (uint64_t)c->at[i] << 8 * shift;
	}
	c->at += bytes;
	return v;
}

static void skip(struct cursor *c, uint64_t bytes)
{
	if ((uint64_t)(c->end - c->at) < bytes) {
		c->bad = true;
		bytes = (uint64_t)(c->end - c->at);
	}
	c->at += bytes;
}

static uint64_t take_leb(struct cursor *c, bool is_signed)
{
	uint64_t v = 0;
	unsigned shift = 0;
	uint8_t byte;

	do {
		byte = (uint8_t)take(c, 1);
		if (shift < 64)
			v |= (uint64_t)(byte & 0x7f) << shift;
		shift += shift < 64 ? 7 : 0;
	} while (byte & 0x80);
	if (is_signed && shift < 64 && (byte & 0x40))
		v |= ~(uint64_t)0 << shift;
	return v;
}

static uint64_t take_number(struct cursor *c)
{
	return take_leb(c, false);
}

static const char *take_text(struct cursor *c)
{
	const char *text = (const char *)c->at;
	const uint8_t *nul = memchr(c->at, '\0', (size_t)(c->end - c->at));

	if (!nul) {
		c->bad = true;
		c->at = c->end;
		return "";
	}
	c->at = nul + 1;
	return text;
}

/* ---- the head ---- */

uint64_t linetable_size(const uint8_t *at, uint64_t left)
{
	struct cursor c = { at, at + (left < LINETABLE_HEAD ? left : LINETABLE_HEAD), false };
	uint64_t length = take(&c, 4), head;

	if (length == 0xffffffff)
		length = take(&c, 8);
	head = (uint64_t)(c.at - at);
	return c.bad || length > left - head ? 0 : head + length;
}

static bool read_head(struct unit *u, const uint8_t *unit, size_t size)
{
	struct cursor c = { unit, unit + size, false };
	uint64_t length;

	u->wide = take(&c, 4) == 0xffffffff;
	skip(&c, u->wide ? 8 : 0);
	u->version = (unsigned)take(&c, 2);
	skip(&c, u->version >= 5 ? 2 : 0); /* sizes of addresses and of segment selectors */
	length = take(&c, u->wide ? 8 : 4);
	if (c.bad || u->version < 2 || u->version > 5 || length > (uint64_t)(c.end - c.at))
		return false;
	u->program = (struct cursor){ c.at + length, c.end, false };
	c.end = c.at + length;
	u->step = (unsigned)take(&c, 1);
	skip(&c, u->version >= 4 ? 2 : 1); /* operations of an instruction: 1 on these machines; whether rows are statements */
	u->base = (int)take(&c, 1);
	u->base -= u->base & 0x80 ? 0x100 : 0;
	u->range = (unsigned)take(&c, 1);
	u->first_special = (unsigned)take(&c, 1);
	u->operands = c.at;
	skip(&c, u->first_special ? u->first_special - 1 : 0);
	u->names = c;
	return !c.bad && u->range && u->first_special;
}

/* ---- names of files ---- */

/* DWARF 2 to 4: directories up to an empty one, from 1; then files, from 1. */
static void find_old_name(const struct unit *u, uint64_t file, struct linetable_hit *hit)
{
	struct cursor c = u->names;
	uint64_t directory = 0;
	const char *text;

	while (*take_text(&c))
		;
	for (uint64_t i = 1; *(text = take_text(&c)); i++) {
		directory = take_number(&c);
		take_number(&c); /* time */
		take_number(&c); /* size */
		if (i == file)
			break;
	}
	if (c.bad || !*text)
		return;
	hit->file = (struct linetable_text){ .place = LINETABLE_HERE, .text = text };
	c = u->names;
	for (uint64_t i = 1; directory && *(text = take_text(&c)); i++)
		if (i == directory) {
			hit->directory = (struct linetable_text){ .place = LINETABLE_HERE, .text = text };
			return;
		}
}

enum content { CONTENT_PATH = 1, CONTENT_DIRECTORY = 2 };

enum form {
	FORM_DATA2 = 0x05, FORM_DATA4 = 0x06, FORM_DATA8 = 0x07, FORM_STRING = 0x08, FORM_BLOCK = 0x09, FORM_DATA1 = 0x0b,
	FORM_STRP = 0x0e, FORM_UDATA = 0x0f, FORM_DATA16 = 0x1e, FORM_LINE_STRP = 0x1f,
};

struct entry {
	struct linetable_text path;
	uint64_t directory;
};

/* Every form takes a byte at least, so that what is counted ends with the bytes. */
static void take_field(const struct unit *u, struct cursor *c, uint64_t content, uint64_t form, struct entry *out)
{
	struct linetable_text text = { .place = LINETABLE_NONE };
	uint64_t number = 0;

	switch (form) {
	case FORM_STRING:
		text = (struct linetable_text){ .place = LINETABLE_HERE, .text = take_text(c) };
		break;
	case FORM_LINE_STRP:
	case FORM_STRP:
		text.place = form == FORM_STRP ? LINETABLE_STR : LINETABLE_LINE_STR;
		text.offset = take(c, u->wide ? 8 : 4);
		break;
	case FORM_DATA1: number = take(c, 1); break;
	case FORM_DATA2: number = take(c, 2); break;
	case FORM_DATA4: number = take(c, 4); break;
	case FORM_DATA8: number = take(c, 8); break;
	case FORM_UDATA: number = take_number(c); break;
	case FORM_DATA16: skip(c, 16); break;
	case FORM_BLOCK: skip(c, take_number(c)); break;
	default: c->bad = true;
	}
	if (content == CONTENT_PATH)
		out->path = text;
	if (content == CONTENT_DIRECTORY)
		out->directory = number;
}

/* The entry of that number from 0, in a list that begins with what its entries consist of. Leaves c behind the list, unless
 * it is found. */
static bool find_entry(const struct unit *u, struct cursor *c, uint64_t wanted, struct entry *out)
{
	unsigned fields = (unsigned)take(c, 1);
	struct cursor forms = *c;
	uint64_t count;

	for (unsigned i = 0; i < 2 * fields; i++)
		take_number(c);
	count = fields ? take_number(c) : 0;
	for (uint64_t i = 0; i < count && !c->bad; i++) {
		struct cursor form = forms;

		*out = (struct entry){ .directory = 0 };
		for (unsigned k = 0; k < fields && !c->bad; k++) {
			uint64_t content = take_number(&form);

			take_field(u, c, content, take_number(&form), out);
		}
		if (i == wanted)
			return !c->bad;
	}
	return false;
}

/* DWARF 5: directories and files from 0; directory 0 is the compilation's. */
static void find_name(const struct unit *u, uint64_t file, struct linetable_hit *hit)
{
	struct cursor c = u->names;
	struct entry entry, directory;

	find_entry(u, &c, UINT64_MAX, &entry);
	if (!find_entry(u, &c, file, &entry))
		return;
	hit->file = entry.path;
	c = u->names;
	if (entry.directory && find_entry(u, &c, entry.directory, &directory))
		hit->directory = directory.path;
}

/* ---- the program ---- */

struct machine {
	const struct unit *unit;
	const struct elf_file *file;
	uint64_t vaddr;
	struct row now, last; /* last: the row before, whose addresses reach up to now */
	bool begun, code;     /* there is a row before; its sequence begins in code */
};

static void begin_sequence(struct machine *m)
{
	m->now = (struct row){ .file = 1, .line = 1 };
	m->begun = false;
}

static void advance(struct machine *m, uint64_t steps)
{
	m->now.address += steps * m->unit->step;
}

/* Returns whether the row before covers the address. */
static bool put_row(struct machine *m)
{
	const struct elf_segment *segment = m->begun ? NULL : elf_segment_of(m->file, m->now.address);

	if (m->begun && m->code && m->last.address <= m->vaddr && m->vaddr < m->now.address)
		return true;
	if (!m->begun)
		m->code = segment && (segment->flags & PF_X);
	m->begun = true;
	m->last = m->now;
	return false;
}

static bool run_extended(struct machine *m, struct cursor *c)
{
	uint64_t length = take_number(c);
	struct cursor own = *c;
	bool found = false;

	skip(c, length);
	own.end = c->at;
	switch (take(&own, 1)) {
	case 1: /* end of a sequence */
		found = put_row(m);
		begin_sequence(m);
		break;
	case 2: /* address */
		m->now.address = own.end - own.at <= 8 ? take(&own, (size_t)(own.end - own.at)) : 0;
		break;
	default:
		break;
	}
	return found;
}

static bool run_standard(struct machine *m, struct cursor *c, unsigned opcode)
{
	const struct unit *u = m->unit;

	switch (opcode) {
	case 0: return run_extended(m, c);
	case 1: return put_row(m);
	case 2: advance(m, take_number(c)); break;
	case 3: m->now.line += (uint32_t)take_leb(c, true); break;
	case 4: m->now.file = take_number(c); break;
	case 8: advance(m, (255 - u->first_special) / u->range); break;
	case 9: m->now.address += take(c, 2); break;
	default:
		for (unsigned i = 0; i < u->operands[opcode - 1]; i++)
			take_number(c);
	}
	return false;
}

static bool run_special(struct machine *m, unsigned opcode)
{
	const struct unit *u = m->unit;
	unsigned n = opcode - u->first_special;

	advance(m, n / u->range);
	m->now.line += (uint32_t)u->base + n % u->range;
	return put_row(m);
}

bool linetable_find(const uint8_t *unit, size_t size, const struct elf_file *f, uint64_t vaddr, struct linetable_hit *hit)
{
	struct unit u = { .version = 0 };
	struct machine m = { .unit = &u, .file = f, .vaddr = vaddr };
	struct cursor c;

	if (!read_head(&u, unit, size))
		return false;
	c = u.program;
	begin_sequence(&m);
	while (c.at < c.end) {
		unsigned opcode = (unsigned)take(&c, 1);

		if (!(opcode >= u.first_special ? run_special(&m, opcode) : run_standard(&m, &c, opcode)))
			continue;
		*hit = (struct linetable_hit){ .line = m.last.line };
		if (u.version >= 5)
			find_name(&u, m.last.file, hit);
		else
			find_old_name(&u, m.last.file, hit);
		return true;
	}
	return false;
}
