#include "uring/features.hpp"

#include <cstdlib>

namespace millrace {

std::string_view name_of(RingFeature feature) {
    switch (feature) {
        case RingFeature::kDeferTaskrun: return "defer_taskrun";
        case RingFeature::kCoopTaskrun: return "coop_taskrun";
        case RingFeature::kSubmitAll: return "submit_all";
        case RingFeature::kRegisteredRing: return "registered_ring";
        case RingFeature::kNoIowait: return "no_iowait";
        case RingFeature::kFixedBuffers: return "fixed_buffers";
        case RingFeature::kProvidedBuffers: return "provided_buffers";
        case RingFeature::kMsgRing: return "msg_ring";
    }
    return "unknown";
}

RingFeatures RingFeatures::all() {
    RingFeatures features;
    for (const RingFeature feature : kRingFeatures) features.add(feature);
    return features;
}

RingFeatures RingFeatures::all_but(std::string_view mask) {
    RingFeatures features = all();
    while (!mask.empty()) {
        const std::string_view name = mask.substr(0, mask.find(','));
        for (const RingFeature feature : kRingFeatures) {
            if (name == name_of(feature)) features.remove(feature);
        }
        mask.remove_prefix(name.size());
        if (!mask.empty()) mask.remove_prefix(1);
    }
    return features;
}

RingFeatures RingFeatures::allowed_by_environment() {
    const char* mask = std::getenv("MILLRACE_RING_WITHOUT");
    return all_but(mask == nullptr ? "" : mask);
}

std::string RingFeatures::to_string() const {
    std::string text;
    for (const RingFeature feature : kRingFeatures) {
        if (!has(feature)) continue;
        if (!text.empty()) text += ',';
        text += name_of(feature);
    }
    return text;
}

}  // namespace millrace
