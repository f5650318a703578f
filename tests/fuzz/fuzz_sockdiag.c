/* Any bytes as the kernel's answer about sockets: what comes out is within its bounds, and it comes to an end. */
#include "fuzz.h"

#include "source/sockdiag/ledger.h"
#include "source/sockdiag/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ledger ledger = { .cycle = 0 };

	for (uint32_t sequence = 2; sequence-- > 0;) { /* a dump, then last words */
		struct messages m = { .at = data, .left = size, .sequence = sequence };
		enum message_kind kind;
		struct seen seen;
		int error = 0;

		ledger_begin(&ledger);
		for (size_t n = 0; (kind = message_next(&m, &seen, &error)) != MESSAGE_NONE; n++) {
			if (n > size || (kind == MESSAGE_ERROR && error <= 0))
				abort();
			if (kind != MESSAGE_SOCKET)
				continue;
			if (!seen.cookie || seen.known >> SEEN_TOTALS)
				abort();
			if (sequence)
				ledger_take(&ledger, &seen, seen.inode & 1, seen.state & 1, 0);
			else
				ledger_end(&ledger, &seen);
		}
		ledger_finish(&ledger, true);
	}
	ledger_free(&ledger);
	return 0;
}
