#pragma once

namespace postern::cli {

/// What `source <(postern completion bash)` reads.
extern const char* const kBashCompletion;
/// The same for zsh.
extern const char* const kZshCompletion;
/// The same for fish: `postern completion fish | source`.
extern const char* const kFishCompletion;

}  // namespace postern::cli
