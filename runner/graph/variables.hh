#pragma once

#include "runner/dockerfile/expand.hh"
#include "runner/dockerfile/instruction.hh"
#include "runner/image/config.hh"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace caisson::runner {

/// The ARGs in force while a Dockerfile is compiled: global ones, those of a stage, and what the
/// caller gave.
class BuildArgs {
public:
    /// `given`: --build-arg. The platform's own (TARGETPLATFORM …) are global.
    explicit BuildArgs(const std::map<std::string, std::string>& given);

    /// An ARG before the first FROM. `escape` as the parser directive says.
    void declare_global(const Arg& arg, char escape);
    /// The value of a global ARG, for FROM lines.
    [[nodiscard]] std::optional<std::string> global(std::string_view name) const;

    /// The scope of one stage.
    class Scope {
    public:
        /// ARG in a stage: given value, else default, else the global value.
        void declare(const Arg& arg, const Lookup& lookup, char escape);
        [[nodiscard]] std::optional<std::string> find(std::string_view name) const;
        /// In order of declaration, those with a value.
        [[nodiscard]] const std::vector<KeyValue>& values() const noexcept { return values_; }

    private:
        friend class BuildArgs;
        explicit Scope(BuildArgs& args);
        void set(const std::string& name, const std::string& value);
        BuildArgs* args_;
        std::vector<KeyValue> values_;
    };
    [[nodiscard]] Scope new_scope();

    /// Those the caller gave and nothing declared: a typo, most likely.
    [[nodiscard]] std::vector<std::string> unused() const;

private:
    const std::map<std::string, std::string>& given_;
    std::map<std::string, std::string, std::less<>> globals_;
    std::set<std::string> used_;
};

/// Docker's predefined proxy variables: a --build-arg of that name needs no ARG.
[[nodiscard]] bool is_proxy_argument(std::string_view name);

} // namespace caisson::runner
