#include <libxml/xmlversion.h>
/* Debian's libxml2 is built with ICU, and its encoding.h would bring ICU's headers in, which clash with those of Swift's
 * Foundation. Nothing here looks into the structs that depend on it. */
#undef LIBXML_ICU_ENABLED
#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/xmlerror.h>
