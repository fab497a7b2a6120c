#include "runner/graph/stages.hh"

#include "runner/image/platform.hh"
#include "sandbox/base/error.hh"

#include <algorithm>
#include <charconv>
#include <set>

namespace caisson::runner {
namespace {

std::string lower(std::string_view text)
{
    std::string result(text);
    for (char& letter : result)
        if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
    return result;
}

class StageSelector {
public:
    StageSelector(const Dockerfile& dockerfile, const BuildArgs& args, std::string_view file_name)
        : dockerfile_(dockerfile)
        , args_(args)
        , file_name_(file_name)
    {}

    std::vector<NeededStage> select(std::string_view target)
    {
        need(target.empty() ? dockerfile_.stages.size() - 1 : find_target(target));
        return std::move(needed_);
    }

private:
    [[nodiscard]] std::size_t find_target(std::string_view target) const
    {
        if (const auto stage = find_stage(target, dockerfile_.stages.size())) return *stage;
        std::string known;
        for (const Stage& stage : dockerfile_.stages)
            if (!stage.from.alias.empty()) known += (known.empty() ? "" : ", ") + stage.from.alias;
        throw Error(
            ErrorKind::kUsage,
            "target stage \"" + std::string(target) + "\" is not in " + std::string(file_name_),
            known.empty() ? "no stage has a name; FROM … AS name gives one" : "stages: " + known);
    }

    /// A stage before `limit`, by alias or number.
    [[nodiscard]] std::optional<std::size_t> find_stage(std::string_view name,
                                                        std::size_t limit) const
    {
        const std::string wanted = lower(name);
        for (std::size_t index = 0; index < limit; ++index)
            if (!wanted.empty() && dockerfile_.stages[index].from.alias == wanted) return index;
        std::size_t number = 0;
        const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), number);
        if (failure == std::errc() && end == name.data() + name.size() && number < limit)
            return number;
        return std::nullopt;
    }

    [[nodiscard]] std::string from_image(const Stage& stage) const
    {
        const Lookup lookup = [this](std::string_view name) { return args_.global(name); };
        std::string image = in_context(place(stage.location), [&] {
            return expand(stage.from.image, lookup, dockerfile_.escape);
        });
        if (image.empty())
            throw Error(ErrorKind::kUsage,
                        place(stage.location) + ": FROM " + stage.from.image + " names nothing",
                        "an ARG before the first FROM, or --build-arg, sets the variable");
        return image;
    }

    [[nodiscard]] std::string from_architecture(const Stage& stage) const
    {
        if (stage.from.platform.empty()) return {};
        const Lookup lookup = [this](std::string_view name) { return args_.global(name); };
        return in_context(place(stage.location), [&] {
            return architecture_of_platform(
                expand(stage.from.platform, lookup, dockerfile_.escape));
        });
    }

    [[nodiscard]] std::string place(const Location& location) const
    {
        return std::string(file_name_) + ":" + std::to_string(location.line);
    }

    StageReference reference(const std::string& name, std::size_t before)
    {
        if (const auto stage = find_stage(name, before)) {
            need(*stage);
            return {.stage = stage};
        }
        return {.image = name};
    }

    void refuse_forward(const std::string& name, std::size_t index, const Location& location) const
    {
        if (const auto later = find_stage(name, dockerfile_.stages.size());
            later && *later >= index)
            throw Error(ErrorKind::kUsage,
                        place(location) + ": stage \"" + name + "\" comes later or is this one",
                        "a stage can use only stages above it");
    }

    void need(std::size_t index)
    {
        if (!seen_.insert(index).second) return;
        const Stage& stage = dockerfile_.stages[index];
        NeededStage needed{.index = index,
                           .name = stage.from.alias.empty() ? "stage-" + std::to_string(index)
                                                            : stage.from.alias};
        // FROM resolves stage names but not stage numbers, as Docker does
        const std::string image = from_image(stage);
        const bool number =
            std::all_of(image.begin(), image.end(), [](char c) { return c >= '0' && c <= '9'; });
        needed.base = number ? StageReference{.image = image} : reference(image, index);
        needed.base.architecture = from_architecture(stage);
        for (const Instruction& instruction : stage.instructions) {
            const auto* copy = std::get_if<Copy>(&instruction.what);
            if (copy == nullptr || copy->from.empty()) continue;
            if (!find_stage(copy->from, index))
                refuse_forward(copy->from, index, instruction.location);
            needed.copies.emplace(copy->from, reference(copy->from, index));
        }
        needed_.push_back(std::move(needed));
    }

    const Dockerfile& dockerfile_;
    const BuildArgs& args_;
    std::string_view file_name_;
    std::set<std::size_t> seen_;
    std::vector<NeededStage> needed_;
};

} // namespace

std::string base_key(const StageReference& reference)
{
    if (reference.architecture.empty()) return reference.image;
    return reference.image + " for linux/" + reference.architecture;
}

std::vector<NeededStage> select_stages(const Dockerfile& dockerfile,
                                       std::string_view target,
                                       const BuildArgs& args,
                                       std::string_view file_name)
{
    return StageSelector(dockerfile, args, file_name).select(target);
}

} // namespace caisson::runner
