package io.drover.cli.api;

import io.drover.cli.Failure;
import io.drover.proto.v1.CpuModel;
import io.drover.proto.v1.Host;
import io.drover.proto.v1.Image;
import io.drover.proto.v1.ListCpuModelsRequest;
import io.drover.proto.v1.ListCpuModelsResponse;
import io.drover.proto.v1.ListHostsRequest;
import io.drover.proto.v1.ListHostsResponse;
import io.drover.proto.v1.ListImagesRequest;
import io.drover.proto.v1.ListImagesResponse;
import io.drover.proto.v1.ListMigrationsRequest;
import io.drover.proto.v1.ListMigrationsResponse;
import io.drover.proto.v1.ListTasksRequest;
import io.drover.proto.v1.ListTasksResponse;
import io.drover.proto.v1.ListVmsRequest;
import io.drover.proto.v1.ListVmsResponse;
import io.drover.proto.v1.Migration;
import io.drover.proto.v1.Task;
import io.drover.proto.v1.Vm;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** Whole lists, page by page. */
public final class Lists {
    /** The most that the API gives at once. */
    private static final int PAGE = 1_000;

    private Lists() {}

    public static List<Vm> vms(ApiClient api, String filter) throws Failure {
        return all(api, "cannot list VMs",
                token -> api.vms()
                        .listVms(ListVmsRequest.newBuilder().setPageSize(PAGE).setPageToken(token).setFilter(filter)
                                .build()),
                ListVmsResponse::getVmsList, ListVmsResponse::getNextPageToken);
    }

    public static List<Host> hosts(ApiClient api) throws Failure {
        return all(api, "cannot list hosts",
                token -> api.hosts()
                        .listHosts(ListHostsRequest.newBuilder().setPageSize(PAGE).setPageToken(token).build()),
                ListHostsResponse::getHostsList, ListHostsResponse::getNextPageToken);
    }

    public static List<Image> images(ApiClient api) throws Failure {
        return all(api, "cannot list images",
                token -> api.images()
                        .listImages(ListImagesRequest.newBuilder().setPageSize(PAGE).setPageToken(token).build()),
                ListImagesResponse::getImagesList, ListImagesResponse::getNextPageToken);
    }

    public static List<CpuModel> cpuModels(ApiClient api) throws Failure {
        return all(api, "cannot list CPU models",
                token -> api.cpuModels()
                        .listCpuModels(ListCpuModelsRequest.newBuilder().setPageSize(PAGE).setPageToken(token).build()),
                ListCpuModelsResponse::getCpuModelsList, ListCpuModelsResponse::getNextPageToken);
    }

    public static List<Migration> migrations(ApiClient api, String filter) throws Failure {
        return all(api, "cannot list migrations",
                token -> api.migrations()
                        .listMigrations(ListMigrationsRequest.newBuilder().setPageSize(PAGE).setPageToken(token)
                                .setFilter(filter).build()),
                ListMigrationsResponse::getMigrationsList, ListMigrationsResponse::getNextPageToken);
    }

    public static List<Task> tasks(ApiClient api, String filter) throws Failure {
        return all(api, "cannot list tasks",
                token -> api.tasks()
                        .listTasks(ListTasksRequest.newBuilder().setPageSize(PAGE).setPageToken(token).setFilter(filter)
                                .build()),
                ListTasksResponse::getTasksList, ListTasksResponse::getNextPageToken);
    }

    private static <R, T> List<T> all(ApiClient api, String what, Function<String, R> page, Function<R, List<T>> things,
            Function<R, String> next) throws Failure {
        List<T> all = new ArrayList<>();
        String token = "";
        do {
            String from = token;
            R response = api.call(what, () -> page.apply(from));
            all.addAll(things.apply(response));
            token = next.apply(response);
        } while (!token.isEmpty());
        return all;
    }
}
