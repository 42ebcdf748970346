// `@peculiar/x509` needs the metadata polyfill before it is first imported.
import 'reflect-metadata'
