/* crypto/bearssl/small.h - the crypto of the boot loader: the headers of crypto/ over BearSSL.
 *
 * Freestanding: no allocation, no output; one instance of each object, in static storage. BearSSL
 * as Debian builds it uses the red zone and %fs, so a caller that runs on firmware gives its own
 * tb_small_enter() and tb_small_leave(), which stand around every call of BearSSL: they are never
 * nested, and what is between them takes milliseconds. The ones here do nothing. */
#ifndef TB_CRYPTO_BEARSSL_SMALL_H
#define TB_CRYPTO_BEARSSL_SMALL_H

void tb_small_enter(void);
void tb_small_leave(void);

#endif
