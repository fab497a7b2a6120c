#include "runner/dockerfile/flags.hh"

#include "runner/dockerfile/utf8.hh"

namespace caisson::runner {

Flags::Flags(const SyntaxNode& node, const Place& place)
    : place_(place)
    , command_(to_upper(node.command))
{
    for (const std::string& flag : node.flags) {
        const std::string_view text = std::string_view(flag).substr(2);
        const std::size_t equals = text.find('=');
        if (equals == std::string_view::npos)
            flags_.push_back({.name = std::string(text)});
        else
            flags_.push_back({.name = std::string(text.substr(0, equals)),
                              .value = std::string(text.substr(equals + 1)),
                              .has_value = true});
    }
}

std::string Flags::title(std::string_view name) const
{
    return command_ + " --" + std::string(name);
}

std::string Flags::take(std::string_view name)
{
    known_.push_back(name);
    std::string value;
    bool given = false;
    for (Flag& flag : flags_) {
        if (flag.name != name) continue;
        if (given) place_.fail(title(name) + " is given twice", "--" + flag.name);
        if (!flag.has_value || flag.value.empty())
            place_.fail(title(name) + " needs a value",
                        "--" + flag.name,
                        "write --" + flag.name + "=VALUE");
        value = flag.value;
        flag.taken = given = true;
    }
    return value;
}

void Flags::refuse(std::initializer_list<std::string_view> names)
{
    for (const std::string_view name : names) {
        known_.push_back(name);
        for (const Flag& flag : flags_)
            if (flag.name == name)
                place_.fail(title(name) + " is not supported yet", "--" + flag.name);
    }
}

void Flags::finish()
{
    for (const Flag& flag : flags_) {
        if (flag.taken) continue;
        const std::string_view meant = closest(flag.name, known_);
        place_.fail("unknown option " + title(flag.name),
                    "--" + flag.name,
                    meant.empty() ? std::string{} : "did you mean --" + std::string(meant) + "?");
    }
}

} // namespace caisson::runner
