#include "kube/text.h"

#include <doctest/doctest.h>

using namespace postern::kube;

TEST_CASE("text: UTF-8 is decoded strictly") {
  CHECK(is_utf8("plain, \xc3\xa9, \xe2\x82\xac, \xf0\x9f\x98\x80"));
  CHECK_FALSE(is_utf8("\xc0\xaf"));          // overlong '/'
  CHECK_FALSE(is_utf8("\xe0\x80\xaf"));      // overlong, three bytes
  CHECK_FALSE(is_utf8("\xed\xa0\x80"));      // surrogate
  CHECK_FALSE(is_utf8("\xf4\x90\x80\x80"));  // above U+10FFFF
  CHECK_FALSE(is_utf8("\xf5\x80\x80\x80"));
  CHECK_FALSE(is_utf8("\xe2\x82"));  // cut
  CHECK_FALSE(is_utf8("\x80"));
  CHECK(decode_utf8("\xf0\x9f\x98\x80", 0).value == 0x1f600);
}

TEST_CASE("text: control, bidirectional and invisible characters are not printable") {
  CHECK(is_printable(""));
  CHECK(is_printable("nginx-1 \xc3\xa9 \xe4\xb8\xad"));
  for (const char* bad : {"\x1b", "\n", "\t", "\x7f", "\xc2\x9b", "\xe2\x80\xae", "\xe2\x81\xa6",
                          "\xd8\x9c", "\xe2\x80\x8b", "\xe2\x80\xa8", "\xef\xbb\xbf", "\xff"}) {
    CAPTURE(bad);
    CHECK_FALSE(is_printable(bad));
    CHECK(is_printable(printable(bad)));
  }
  CHECK(printable(std::string_view("a\0b", 3)) == "a\\x00b");
  CHECK(printable("\xf3\xa0\x80\x81") == "\\U000e0001");
}

TEST_CASE("text: quoted() is Go's %q") {
  CHECK(quoted("alice") == R"("alice")");
  CHECK(quoted("a\"b\\c") == R"("a\"b\\c")");
  CHECK(quoted("\n\r\t\x1b") == R"("\n\r\t\x1b")");
  CHECK(quoted("\xe2\x80\xae") == R"("\u202e")");
  CHECK(quoted("\xc3\xa9") == "\"\xc3\xa9\"");
  CHECK(quoted("\xff") == R"("\xff")");
}

TEST_CASE("text: shell_quote() makes one word of anything") {
  CHECK(shell_quote("/c/pod/k/dev/db-0") == "/c/pod/k/dev/db-0");
  CHECK(shell_quote("") == "''");
  CHECK(shell_quote("a b") == "'a b'");
  CHECK(shell_quote("it's") == R"('it'\''s')");
  CHECK(shell_quote("$(id)`x`;&") == "'$(id)`x`;&'");
  CHECK(shell_quote("/c/pod/k/dev/*") == "'/c/pod/k/dev/*'");
  CHECK(shell_quote("a\x1b[0m'\\") == R"($'a\x1b[0m\'\\')");
  CHECK(shell_quote("\xe2\x80\xae") == R"($'\xe2\x80\xae')");
  CHECK(shell_quote("~") == "'~'");
  CHECK(shell_quote("#x") == "'#x'");
}

TEST_CASE("text: ASCII case") {
  CHECK(ascii_lower("Application/JSON \xc3\x89") == "application/json \xc3\x89");
  CHECK(equals_ignore_case("Watch", "wATCH"));
  CHECK_FALSE(equals_ignore_case("watch", "watc"));
}
