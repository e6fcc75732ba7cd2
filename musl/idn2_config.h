/* What libidn2's configure, with the libunistring that it brings, finds out for musl and clang, as far
 * as the files that musl/build compiles ask. In the C locale and in UTF-8 musl's strncasecmp folds
 * ASCII alone, which is what the other is for. */
#define GNULIB_UNISTR_U32_MBTOUC_UNSAFE 1
#define GNULIB_UNISTR_U32_UCTOMB 1
#define GNULIB_UNISTR_U8_MBTOUC 1
#define GNULIB_UNISTR_U8_MBTOUC_UNSAFE 1
#define GNULIB_UNISTR_U8_MBTOUCR 1
#define GNULIB_UNISTR_U8_UCTOMB 1
#define HAVE_UNISTD_H 1
#define _GL_ATTRIBUTE_CONST
#define _GL_ATTRIBUTE_DEALLOC(free, which)
#define _GL_ATTRIBUTE_DEALLOC_FREE
#define _GL_ATTRIBUTE_FALLTHROUGH __attribute__((fallthrough))
#define _GL_ATTRIBUTE_MALLOC
#define _GL_ATTRIBUTE_PURE
#define c_strncasecmp strncasecmp
