#pragma once

namespace postern::cli {

/// What `source <(postern completion bash)` reads.
extern const char* const kBashCompletion;
/// The same for zsh.
extern const char* const kZshCompletion;

}  // namespace postern::cli
