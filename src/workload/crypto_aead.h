/* crypto-aead: packets sealed and opened in memory. */
#ifndef TACH_WORKLOAD_CRYPTO_AEAD_H
#define TACH_WORKLOAD_CRYPTO_AEAD_H

#include "workload/workload.h"

extern const struct workload_ops workload_crypto_aead;

#endif
