#include "tests/cli/fixture.h"

#include <doctest/doctest.h>
#include <filesystem>

namespace postern::cli {
namespace {

using testing::Program;

const std::string kPin = "sha256:" + std::string(64, 'a');
const std::string kLink = "postern://admin@127.0.0.1:8443/invite/psi_token/" + kPin;

/// A configuration with this text in dataDir/first-login.
std::string configure(const Program& program, const std::string& first_login) {
  std::filesystem::create_directory(program.file("data"));
  if (!first_login.empty()) program.write("data/first-login", first_login);
  return program.write_configuration(testing::kRoles, "dataDir: data\n");
}

TEST_CASE_FIXTURE(Program, "auth first-login prints what the proxy wrote") {
  const std::string config = configure(*this, "postern login " + kLink + "\n");
  CHECK(run({"auth", "first-login", "--config", config}) == kDone);
  CHECK(out() == "postern login " + kLink + "\n");
  CHECK(err().empty());
}

TEST_CASE_FIXTURE(Program, "auth first-login at the address that clients use") {
  const std::string config = configure(*this, "postern login " + kLink + "\n");
  CHECK(run({"auth", "first-login", "--config", config, "--server", "p.example.com:443"}) == kDone);
  CHECK(out() == "postern login postern://admin@p.example.com:443/invite/psi_token/" + kPin + "\n");
  CHECK(run({"auth", "first-login", "--config", config, "--ca-file", "my ca.crt",
             "--tls-server-name", "postern.postern.svc"}) == kDone);
  CHECK(out() == "postern login " + kLink +
                     " --ca-file 'my ca.crt' --tls-server-name postern.postern.svc\n");
  CHECK(run({"auth", "first-login", "--config", config, "--server", "no address/"}) == kUsage);
  CHECK(out().empty());
}

TEST_CASE_FIXTURE(Program, "auth first-login where there is none") {
  CHECK(run({"auth", "first-login", "--config", configure(*this, "")}) == kFailed);
  CHECK(err().find("data/first-login does not exist") != std::string::npos);
}

TEST_CASE_FIXTURE(Program, "auth first-login of a file that is something else says nothing of it") {
  CHECK(run({"auth", "first-login", "--config", configure(*this, "a secret of somebody\n")}) ==
        kFailed);
  CHECK(out().empty());
  CHECK(err().find("secret") == std::string::npos);
}

}  // namespace
}  // namespace postern::cli
