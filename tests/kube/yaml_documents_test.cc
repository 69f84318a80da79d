#include "kube/yaml_documents.h"

#include <doctest/doctest.h>

using postern::kube::count_yaml_documents;

TEST_CASE("YAML documents are counted up to a limit") {
  CHECK(count_yaml_documents("", 9) == 0);
  CHECK(count_yaml_documents("# a comment\n", 9) == 0);
  CHECK(count_yaml_documents("a: b\n", 9) == 1);
  CHECK(count_yaml_documents("---\na: b\n---\nc: d\n", 9) == 2);
  CHECK(count_yaml_documents("a: b\n---\nc: [\n", 9) == 1);
  CHECK(count_yaml_documents("---\n---\n---\n", 2) == 2);
}

TEST_CASE("a text in which yaml-cpp finds documents without end is counted to the limit") {
  CHECK(count_yaml_documents(", a: b\n", 50) == 50);
}
