#include "proxy/data_directory.h"

#include <filesystem>
#include <stdexcept>
#include <sys/stat.h>
#include <system_error>

namespace postern::proxy {
namespace {

tl::unexpected<ConfigErrors> refuse(const std::string& file, std::string why) {
  return tl::unexpected(ConfigErrors{{file, 0, 0, "dataDir", std::move(why)}});
}

}  // namespace

Loaded<void> make_data_directory(const std::string& path) {
  std::error_code error;
  if (std::filesystem::create_directories(path, error)) {
    ::chmod(path.c_str(), 0700);
  }
  if (error) {
    return refuse(path, error.message());
  }
  return {};
}

Loaded<MasterKey> load_master_key(const std::string& data_directory) {
  try {
    return MasterKey::load_or_create(data_directory + "/master.key");
  } catch (const std::runtime_error& error) {
    return refuse("", error.what());
  }
}

}  // namespace postern::proxy
