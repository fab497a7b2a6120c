#pragma once

#include "runner/dockerfile/node.hh"

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace caisson::runner {

/// The `--name=value` options of one instruction. Each known one is taken by name; finish() refuses
/// what is left, so that no option is ever ignored.
class Flags {
public:
    /// Both are borrowed.
    Flags(const SyntaxNode& node, const Place& place);

    /// The value of an option, empty where it was not given. Given twice or without a value: error.
    [[nodiscard]] std::string take(std::string_view name);
    /// Options that Docker has and caisson has not yet: one that was given is an error saying so.
    void refuse(std::initializer_list<std::string_view> names);
    void finish();

private:
    struct Flag {
        std::string name;
        std::string value;
        bool has_value = false;
        bool taken = false;
    };
    [[nodiscard]] std::string title(std::string_view name) const;

    const Place& place_;
    std::string command_; ///< upper case
    std::vector<Flag> flags_;
    std::vector<std::string_view> known_;
};

} // namespace caisson::runner
