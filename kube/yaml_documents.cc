#include "kube/yaml_documents.h"

#include <sstream>
#include <string>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

namespace postern::kube {
namespace {

class IgnoreEvents : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}
};

}  // namespace

std::size_t count_yaml_documents(std::string_view text, std::size_t limit) {
  std::size_t count = 0;
  try {
    std::istringstream input{std::string(text)};
    YAML::Parser parser(input);
    IgnoreEvents ignore;
    while (count < limit && parser.HandleNextDocument(ignore)) ++count;
  } catch (const YAML::Exception&) {
    return count;
  }
  return count;
}

}  // namespace postern::kube
