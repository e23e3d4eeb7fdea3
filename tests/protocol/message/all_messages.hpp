// Every generated message, for the tests that hold for all of them.
#pragma once

#include "tests/protocol/api_versions_fill.hpp"
#include "tests/protocol/fetch_fill.hpp"
#include "tests/protocol/find_coordinator_fill.hpp"
#include "tests/protocol/list_offsets_fill.hpp"
#include "tests/protocol/message/filler.hpp"
#include "tests/protocol/metadata_fill.hpp"
#include "tests/protocol/produce_fill.hpp"
#include "tests/protocol/tiny_fill.hpp"

#include <gtest/gtest.h>

namespace millrace {

using AllMessages =
    testing::Types<ProduceRequest, ProduceResponse, FetchRequest, FetchResponse, ListOffsetsRequest,
                   ListOffsetsResponse, MetadataRequest, MetadataResponse, FindCoordinatorRequest,
                   FindCoordinatorResponse, ApiVersionsRequest, ApiVersionsResponse, TinyRequest,
                   TinyResponse>;

}  // namespace millrace
