/* Registers by platform, reads from the copy, and walking frame pointers: two words each, the next one and the return
 * address, on x86-64 and arm64 alike. */
#include "symbol/frames.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#if defined(__x86_64__)
/* Places in struct pt_regs by DWARF number: rax rdx rcx rbx rsi rdi rbp rsp r8 to r15 rip (System V ABI, figure 3.36). */
static const uint8_t places[] = { 10, 12, 11, 5, 13, 14, 4, 19, 9, 8, 7, 6, 3, 2, 1, 0, 16 };
enum { PC = 16, SP = 19, FP = 4 };
#elif defined(__aarch64__)
/* x0 to x30, sp (DWARF for the Arm 64-bit Architecture). */
static const uint8_t places[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24,
	25, 26, 27, 28, 29, 30, 31 };
enum { PC = 32, SP = 31, FP = 29 };
#else
#error "unwinding knows the registers of x86-64 and arm64"
#endif

uint64_t frames_pc(const struct symbol_regs *regs)
{
	return regs->word[PC];
}

unsigned frames_registers(const struct symbol_regs *regs, uint64_t words[FRAMES_REGISTERS])
{
	for (size_t i = 0; i < sizeof places; i++)
		words[i] = regs->word[places[i]];
	return sizeof places;
}

bool frames_read(const struct frames *f, uint64_t address, uint64_t *out)
{
	if (address < f->base || f->size < sizeof *out || address - f->base > f->size - sizeof *out)
		return false;
	memcpy(out, f->stack + (address - f->base), sizeof *out);
	return true;
}

void frames_say(struct frames *f, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(f->out->why, sizeof f->out->why, format, ap);
	va_end(ap);
}

void frames_walk(struct frames *f)
{
	uint64_t sp = f->regs->word[SP], fp = f->regs->word[FP], pc = f->regs->word[PC], next;
	const struct map *map;

	frames_say(f, "by frame pointer only: callers of code that keeps none are missing, and the chain may end early");
	for (f->out->count = 0; f->out->count < f->max; fp = next) {
		f->pcs[f->out->count++] = pc;
		if (fp < sp || fp % 8 || !frames_read(f, fp, &next) || !frames_read(f, fp + 8, &pc))
			return;
		map = maps_find(&f->s->maps, --pc);
		if (!map || !map->exec)
			return;
		f->out->by_frame_pointer++;
		sp = fp + 16;
	}
}
