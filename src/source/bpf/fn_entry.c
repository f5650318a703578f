/* Kinds of first instructions, by architecture. Whether the kernel carries one out itself is not asked here but timed
 * (fn_trial.c): it changes with the kernel's version. */
#include "source/bpf/fn_entry.h"

#include <string.h>

#if defined(__x86_64__)

static bool is_nop5(const uint8_t *c) /* Linux 6.18 makes a call of it, without a trap */
{
	static const uint8_t nop5[] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };

	return memcmp(c, nop5, sizeof nop5) == 0;
}

static bool is_push(const uint8_t *c)
{
	return (c[c[0] == 0x41] & 0xf8) == 0x50;
}

static bool is_nop(const uint8_t *c)
{
	c += *c == 0x66;
	return c[0] == 0x90 || (c[0] == 0x0f && c[1] == 0x1f && (c[2] & 0x38) == 0);
}

static bool is_branch(const uint8_t *c) /* jmp, call, jcc */
{
	return c[0] == 0xeb || c[0] == 0xe9 || c[0] == 0xe8 || (c[0] & 0xf0) == 0x70 || (c[0] == 0x0f && (c[1] & 0xf0) == 0x80);
}

static bool is_frame(const uint8_t *c) /* sub $N,%rsp */
{
	return c[0] == 0x48 && (c[1] == 0x83 || c[1] == 0x81) && c[2] == 0xec;
}

static bool is_any(const uint8_t *c)
{
	(void)c;
	return true;
}

const struct fn_entry fn_entries[FN_ENTRIES] = {
	{ "nop", is_nop5, { 0x0f, 0x1f, 0x44, 0x00, 0x00, 0xc3 } },
	{ "push", is_push, { 0x55, 0x5d, 0xc3 } },
	{ "nop", is_nop, { 0x90, 0xc3 } },
	{ "jump", is_branch, { 0xeb, 0x00, 0xc3 } },
	{ "sub", is_frame, { 0x48, 0x83, 0xec, 0x08, 0x48, 0x83, 0xc4, 0x08, 0xc3 } },
	{ "other", is_any, { 0x89, 0xc0, 0xc3 } },
};

static unsigned landing_pad(const uint8_t *c)
{
	static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };

	return memcmp(c, endbr64, sizeof endbr64) == 0 ? sizeof endbr64 : 0;
}

#elif defined(__aarch64__)

static uint32_t word_of(const uint8_t *c)
{
	uint32_t w;

	memcpy(&w, c, sizeof w);
	return w;
}

static bool is_nop(const uint8_t *c)
{
	return word_of(c) == 0xd503201f;
}

static bool is_signing(const uint8_t *c) /* paciasp, pacibsp: signs the return address, so the probe must be before it */
{
	return (word_of(c) & ~0x40u) == 0xd503233f;
}

static bool is_push(const uint8_t *c) /* stp x29, x30, [sp, #-N]! */
{
	return (word_of(c) & 0xffc07fff) == 0xa9807bfd;
}

static bool is_frame(const uint8_t *c) /* sub sp, sp, #N */
{
	return (word_of(c) & 0xff8003ff) == 0xd10003ff;
}

static bool is_branch(const uint8_t *c) /* b, cbz, cbnz */
{
	return (word_of(c) & 0xfc000000) == 0x14000000 || (word_of(c) & 0x7e000000) == 0x34000000;
}

static bool is_any(const uint8_t *c)
{
	(void)c;
	return true;
}

#define RET 0xc0, 0x03, 0x5f, 0xd6

const struct fn_entry fn_entries[FN_ENTRIES] = {
	{ "nop", is_nop, { 0x1f, 0x20, 0x03, 0xd5, RET } },
	{ "paciasp", is_signing, { 0x3f, 0x23, 0x03, 0xd5, 0xbf, 0x23, 0x03, 0xd5, RET } },
	{ "stp", is_push, { 0xfd, 0x7b, 0xbf, 0xa9, 0xfd, 0x7b, 0xc1, 0xa8, RET } },
	{ "sub", is_frame, { 0xff, 0x43, 0x00, 0xd1, 0xff, 0x43, 0x00, 0x91, RET } },
	{ "branch", is_branch, { 0x01, 0x00, 0x00, 0x14, RET } },
	{ "other", is_any, { 0xe0, 0x03, 0x00, 0xaa, RET } },
};

static unsigned landing_pad(const uint8_t *c) /* bti, bti c, bti j, bti jc */
{
	return (word_of(c) & ~0xc0u) == 0xd503241f ? 4 : 0;
}

#endif

const struct fn_entry *fn_entry_of(const uint8_t code[FN_ENTRY_BYTES], unsigned *skip)
{
	const struct fn_entry *k = fn_entries;

	*skip = landing_pad(code);
	while (!k->is(code + *skip))
		k++;
	return k;
}
