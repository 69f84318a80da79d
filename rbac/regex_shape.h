#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postern::rbac {

/// A regular expression of the shape `^LITERAL CLASS QUANTIFIER$`, e.g. `^nginx-[a-z0-9]+$` or
/// `^web-.*$`: fixed text, then one class of characters any number of times. Of such a one it can
/// be said whether it matches every name that could be generated, since each character behind the
/// literal is judged for itself.
///
/// Returns the literal, unescaped; nullopt for every other shape. `text` has compiled with RE2.
std::optional<std::string> literal_before_class(std::string_view text);

}  // namespace postern::rbac
