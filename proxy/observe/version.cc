#include "proxy/observe/version.h"

namespace postern::proxy {

const char* version() {
  return POSTERN_VERSION;
}
const char* revision() {
  return POSTERN_REVISION;
}

}  // namespace postern::proxy
