#!/usr/bin/env bash
# Attach two signed statements to NAME@DIGEST: its SLSA provenance, made of the run's variables, and its bill of materials SBOM.
set -euo pipefail
provenance="$RUNNER_TEMP/provenance.json"
jq --null-input '
  env as $run
  | ($run.GITHUB_SERVER_URL + "/" + $run.GITHUB_REPOSITORY) as $repository
  | {
    buildDefinition: {
      buildType: "https://actions.github.io/buildtypes/workflow/v1",
      externalParameters: {workflow: {
        ref: $run.GITHUB_REF, repository: $repository, path: ($run.GITHUB_WORKFLOW_REF // $run.GITHUB_WORKFLOW)}},
      internalParameters: {github: {event_name: $run.GITHUB_EVENT_NAME}},
      resolvedDependencies: [{
        uri: ("git+" + $repository + "@" + $run.GITHUB_REF), digest: {gitCommit: $run.GITHUB_SHA}}]
    },
    runDetails: {
      builder: {id: ($run.GITHUB_SERVER_URL + "/" + ($run.GITHUB_WORKFLOW_REF // $run.GITHUB_WORKFLOW))},
      metadata: {invocationId: (
        $repository + "/actions/runs/" + $run.GITHUB_RUN_ID + "/attempts/" + $run.GITHUB_RUN_ATTEMPT)}
    }
  }' > "$provenance"
cosign attest --yes --type slsaprovenance1 --predicate "$provenance" "$NAME@$DIGEST"
cosign attest --yes --type spdxjson --predicate "$SBOM" "$NAME@$DIGEST"
