"use client";

import dynamic from "next/dynamic";
import { Skeleton } from "../ui/skeleton";

/** Where a patch will be. */
export const PatchLoading = () => <Skeleton className="m-md h-64" />;

/** Diffs are looked at late and not by everybody: their code comes when they do. */
export const LazyPatchView = dynamic(() => import("./PatchView").then((module) => module.PatchView), { loading: PatchLoading });
