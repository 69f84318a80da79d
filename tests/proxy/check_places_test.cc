#include "proxy/check_places.h"

#include "tests/proxy/temporary_directory.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <doctest/doctest.h>
#include <filesystem>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace postern::proxy {
namespace {

namespace fs = std::filesystem;

struct Places {
  testing::TemporaryDirectory directory;
  ProxyConfiguration configuration;

  Places() {
    configuration.source = "postern.yaml";
    configuration.listen = "127.0.0.1:8443";
    configuration.data_dir = directory.file("a/data");
    configuration.audit.path = directory.file("a/data/audit.log");
  }
  /// What is said, one error a line, with the folder of the test as `~`.
  std::string said() const {
    std::string text;
    for (const ConfigError& error : check_places(configuration)) {
      text += error.to_string() + "\n";
    }
    const std::string folder = directory.path().string();
    for (std::size_t at = 0; (at = text.find(folder)) != std::string::npos;) {
      text.replace(at, folder.size(), "~");
    }
    return text;
  }
};

TEST_CASE_FIXTURE(Places, "what is made at a start need not be there, and is not made") {
  CHECK(said().empty());
  CHECK_FALSE(fs::exists(directory.file("a")));
  // Made together with dataDir.
  configuration.audit.path = directory.file("a/audit.log");
  CHECK(said().empty());
  configuration.audit.path = "/dev/stdout";
  CHECK(said().empty());
}

TEST_CASE_FIXTURE(Places, "the folder of the audit log is not made") {
  configuration.audit.path = directory.file("logs/audit.log");
  CHECK(said() ==
        "postern.yaml: audit.path: ~/logs: cannot be opened: No such file or directory\n");
  // Not even in dataDir.
  configuration.audit.path = directory.file("a/data/logs/audit.log");
  CHECK(said() ==
        "postern.yaml: audit.path: ~/a/data/logs: cannot be opened: No such file or directory\n");
  configuration.audit.enabled = false;
  CHECK(said().empty());
}

TEST_CASE_FIXTURE(Places, "something else is where a file or a folder is to be") {
  fs::create_directories(directory.file("folder"));
  const std::string file = directory.write("file", "");
  configuration.audit.path = directory.file("folder");
  CHECK(said() == "postern.yaml: audit.path: ~/folder: is a directory\n");
  configuration.audit.path = file + "/audit.log";
  CHECK(said() ==
        "postern.yaml: audit.path: ~/file/audit.log: cannot be opened: Not a directory\n");
  // The audit log in dataDir has no error of its own.
  configuration.data_dir = file;
  configuration.audit.path = file + "/audit.log";
  CHECK(said() == "postern.yaml: dataDir: ~/file: is not a directory\n");
  configuration.data_dir = directory.file("folder");
  configuration.audit.path = directory.file("folder/audit.log");
  fs::create_directories(directory.file("folder/postern.db"));
  CHECK(said() == "postern.yaml: dataDir: ~/folder/postern.db: is a directory\n");
  configuration.storage.type = StorageConfiguration::kMemory;
  CHECK(said().empty());
}

TEST_CASE_FIXTURE(Places, "folders and files that may not be written to") {
  fs::create_directories(directory.file("a/data"));
  ::chmod(directory.file("a/data").c_str(), 0555);
  ::chmod(directory.path().c_str(), 0755);
  // Root may write everywhere, so that root looks as nobody; some containers have nobody else.
  constexpr uid_t kNobody = 65534;
  const bool is_root = ::geteuid() == 0;
  if (is_root && ::setresuid(kNobody, kNobody, 0) != 0) return;
  const bool reaches = ::access(directory.file("a").c_str(), X_OK) == 0;
  const std::string text = said();
  configuration.data_dir = directory.file("a/data/more");
  const std::string below = said();
  // Where everything is in a cluster, nothing is written.
  configuration.data_dir = directory.file("a/data");
  configuration.audit.path = "/dev/stdout";
  configuration.storage.type = StorageConfiguration::kKubernetes;
  const std::string own_certificate = said();
  configuration.tls.cert_file = "tls.crt";
  const std::string replica = said();
  if (is_root) REQUIRE(::setresuid(0, 0, 0) == 0);
  if (!reaches) return;  // $TMPDIR is in a folder of root's own
  CHECK(text == "postern.yaml: dataDir: ~/a/data: cannot be written to: Permission denied\n");
  CHECK(below.find("dataDir: ~/a/data: cannot be written to: Permission denied\n") !=
        std::string::npos);
  CHECK(own_certificate == text);
  CHECK(replica.empty());
}

TEST_CASE_FIXTURE(Places, "addresses that this machine does not have, all at once") {
  configuration.listen = "192.0.2.1:8443";
  configuration.admin_listen = "[2001:db8::1]:8081";
  configuration.loopback_listen = "127.0.0.1:6443";
  configuration.audit.path = directory.file("logs/audit.log");
  const std::string text = said();
  CHECK(text.starts_with("postern.yaml: listen: cannot listen on 192.0.2.1:8443: "));
  CHECK(text.find("\npostern.yaml: adminListen: cannot listen on [2001:db8::1]:8081: ") !=
        std::string::npos);
  CHECK(text.find("loopbackListen") == std::string::npos);
  CHECK(text.find("\npostern.yaml: audit.path: ") != std::string::npos);
}

TEST_CASE_FIXTURE(Places, "a port that is taken is no error") {
  namespace ip = boost::asio::ip;
  boost::asio::io_context context;
  const ip::tcp::acceptor taken(context, {ip::make_address("127.0.0.1"), 0});
  const std::string address = "127.0.0.1:" + std::to_string(taken.local_endpoint().port());
  configuration.listen = "127.0.0.1:0";
  configuration.admin_listen.clear();
  CHECK(taken_ports(configuration).empty());
  configuration.admin_listen = address;
  CHECK(said().empty());
  CHECK(taken_ports(configuration) ==
        std::vector<std::string>{"adminListen: " + address +
                                 " is taken at the moment; by the proxy that is to be restarted?"});
}

}  // namespace
}  // namespace postern::proxy
