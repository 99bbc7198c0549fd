export { buildServices } from './cluster-build.js';
export { startCluster, type Cluster, type ClusterOptions, type ClusterProcess, type ClusterService } from './cluster.js';
export { startDemoCluster, type DemoCluster } from './cluster-demo.js';
export { startNginx, writeNginxConfig, type Nginx, type NginxOptions } from './cluster-nginx.js';
