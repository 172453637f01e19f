package io.drover.cli.api;

import io.drover.cli.Failure;
import io.drover.proto.v1.ListVmUsageRequest;
import io.drover.proto.v1.ListVmUsageResponse;

/** What all VMs have used, page by page, as one answer. */
public final class UsageLists {
    /** The most that the API gives at once. */
    private static final int PAGE = 1_000;

    private UsageLists() {}

    public static ListVmUsageResponse all(ApiClient api, String filter) throws Failure {
        ListVmUsageResponse.Builder all = ListVmUsageResponse.newBuilder();
        String token = "";
        do {
            ListVmUsageRequest request = ListVmUsageRequest.newBuilder().setPageSize(PAGE).setPageToken(token)
                    .setFilter(filter).build();
            ListVmUsageResponse page = api.call("cannot show what VMs use", () -> api.vms().listVmUsage(request));
            all.addAllUsages(page.getUsagesList());
            page.getUnreachableList().stream().filter(host -> !all.getUnreachableList().contains(host))
                    .forEach(all::addUnreachable);
            token = page.getNextPageToken();
        } while (!token.isEmpty());
        return all.build();
    }
}
